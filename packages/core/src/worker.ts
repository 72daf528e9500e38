/** The program of the worker that `openInWorker` starts. */
import { serveStores } from "./worker/serve-stores.js";

serveStores();
