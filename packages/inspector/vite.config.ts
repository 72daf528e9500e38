import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Two pages of the same parts: `served` asks a server, `static` opens a file by WebAssembly.
export default defineConfig(({ mode }) => ({
  // index.html names its script by the mode. Its policy is what the static page needs; of the other the server allows less.
  root: folder("src/page"),
  base: "./",
  build: {
    outDir: folder(mode === "static" ? "dist/static" : "dist/page"),
    emptyOutDir: true,
    target: "es2023",
    // What the content security policy allows is files of the page, not data in addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: "es" },
}));
