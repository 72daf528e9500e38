import { describeVectorStore } from "./conformance/vector-store.js";
import { langchainAdapter } from "./support/langchain-driver.js";

describeVectorStore("ThermoclineVectorStore", langchainAdapter);
