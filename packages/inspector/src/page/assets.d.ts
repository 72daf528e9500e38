/** What Vite makes of a module of WebAssembly that is imported with `?url`: its address. */
declare module "*.wasm?url" {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: this is how Vite exports it
  export default url;
}
declare module "*.css";
