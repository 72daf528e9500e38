import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Why a request is refused, and with which status. */
export interface Refusal {
  readonly status: number;
  readonly why: string;
}

/**
 * Whether a request may be answered. The name it was sent to must be this machine's, or a page of another site could come here under a name
 * of its own (DNS rebinding); a browser that says where a request comes from must say this page; and the path begins with the token.
 */
export function refusalOf({ headers, url = "/" }: IncomingMessage, token: string, port: number): Refusal | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (headers.host === undefined || !hosts.includes(headers.host)) {
    return { status: 403, why: "This name is not served here; open the address that was printed." };
  }
  const foreign = headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
  const site = headers["sec-fetch-site"];
  const elsewhere = site !== undefined && site !== "same-origin" && site !== "none";
  // Addresses are opened from other programs, which browsers call cross-site; nothing but the page itself can be had that way.
  const opened = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  if (foreign || (elsewhere && !opened)) return { status: 403, why: "Another site asked for this; it is refused." };
  const [, given = ""] = url.split(/[/?#]/);
  if (!same(given, token)) {
    return { status: 403, why: "The address lacks its token; open the one that was printed." };
  }
  return undefined;
}

/** Takes as long whatever the two have in common. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
