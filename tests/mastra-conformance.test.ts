import { describeVectorStore } from "./conformance/vector-store.js";
import { mastraAdapter } from "./support/mastra-driver.js";

describeVectorStore("ThermoclineVector", mastraAdapter);
