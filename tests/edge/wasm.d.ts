/** What an edge runtime makes of an imported module. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  // biome-ignore lint/style/noDefaultExport: this is how the runtime exports it
  export default module;
}
