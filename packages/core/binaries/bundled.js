// The packages with binaries in them, for bundlers, which cannot take those into a bundle: found at run time from where the bundle lies.
const later = (/** @type {string} */ name) => import(/* webpackIgnore: true */ /* @vite-ignore */ name);
export const addon = () => later("@thermocline/native");
export const sqlite = () => later("@photostructure/sqlite");
