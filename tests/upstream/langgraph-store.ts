import { ThermoclineStore } from "@thermocline/langchain/langgraph";

/** Our store under the name of LangGraph's own, in memory. */
export class InMemoryStore extends ThermoclineStore {}
