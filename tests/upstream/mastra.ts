import { ThermoclineVector } from "@thermocline/mastra";

/** Our store in memory under the name of Mastra's own, which is told a URL, too. */
export class LibSQLVector extends ThermoclineVector {
  constructor({ id = "libsql" }: { readonly id?: string; readonly url?: string; readonly connectionUrl?: string }) {
    super({ id });
  }
}
