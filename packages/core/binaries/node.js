// The packages with binaries in them, as Node imports them: by name, so that tools which collect what a program needs see them.
export const addon = () => import("@thermocline/native");
export const sqlite = () => import("@photostructure/sqlite");
