/** What esbuild's `file` loader makes of a module: its address. */
declare module "*.wasm" {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: this is how the loader exports it
  export default url;
}
