import { ThermoclineError } from "@thermocline/core";

/**
 * A package that is installed only by those who want what it is for.
 *
 * @throws `UNSUPPORTED` where it is not installed; the message says how to
 */
export async function optionalPackage<Package>(name: string, purpose: string): Promise<Package> {
  try {
    return (await import(name)) as Package;
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
    if (!missing || !cause.message.includes(`'${name}'`)) throw cause;
    const how = `install it beside @thermocline/cli: npm install ${name}`;
    throw new ThermoclineError("UNSUPPORTED", `${purpose} needs the package ${name}; ${how}.`, { cause });
  }
}
