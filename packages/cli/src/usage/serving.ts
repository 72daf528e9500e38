import type { ServeFlags } from "../commands/serve.js";
import { type Flags, type Registration, wholeNumber } from "./registrar.js";

export const addServe: Registration = (to) => {
  to.command("serve <store>", "show a store in the browser, on this machine only", "serve memory.db --open")
    .option("--port <number>", "where; one that is free, if left out", wholeNumber)
    .option("--open", "open the browser, too")
    .action(async (path: string, flags: Flags & ServeFlags) => {
      const { serve } = await import("../commands/serve.js");
      await serve(path, flags, to.screen(flags), to.signal);
    });
};
