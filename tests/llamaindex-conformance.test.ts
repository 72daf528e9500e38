import { describeVectorStore } from "./conformance/vector-store.js";
import { frameworks, llamaindexAdapter } from "./support/llamaindex-drivers.js";

for (const framework of frameworks) {
  describeVectorStore(`ThermoclineVectorStore for ${framework.name}`, llamaindexAdapter(framework));
}
