import sqlite from "@sqlite.org/sqlite-wasm/sqlite3.wasm?url";
import { openInWorker } from "@thermocline/core/browser";
import calibrate from "@thermocline/wasm/calibrate.wasm?url";
import search from "@thermocline/wasm/search.wasm?url";
import { render } from "preact";
import { useState } from "preact/hooks";
import type { Source } from "../../source.js";
import { StoreSource } from "../../store-source.js";
import { App } from "../app.js";
import { FilePicker } from "../file-picker.js";
import { mount } from "../mount.js";

/** Opens a file's bytes in a worker of this page; they go nowhere else. */
async function open(file: File): Promise<Source> {
  const bytes = await file.arrayBuffer();
  const store = await openInWorker({ wasm: { sqlite, search, calibrate } }, { bytes });
  return new StoreSource(store, file.name);
}

function Opener() {
  const [source, setSource] = useState<Source>();
  return source ? <App source={source} /> : <FilePicker open={async (file) => setSource(await open(file))} />;
}

render(<Opener />, mount());
