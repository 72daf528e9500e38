export function addon(): Promise<typeof import("@thermocline/native")>;
export function sqlite(): Promise<typeof import("@photostructure/sqlite")>;
