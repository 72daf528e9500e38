/**
 * Every page, in the order in which they are read. `tests/docs-links.test.ts` holds it against the files.
 * @type {{ text: string, items: { text: string, link: string }[] }[]}
 */
export const sidebar = [
  {
    text: "Start in five minutes",
    items: [
      { text: "Core", link: "/start/core" },
      { text: "LangChain.js", link: "/start/langchain" },
      { text: "LangGraph", link: "/start/langgraph" },
      { text: "LlamaIndex.TS and @vectorstores/core", link: "/start/llamaindex" },
      { text: "Mastra", link: "/start/mastra" },
      { text: "Command line", link: "/start/cli" },
    ],
  },
  {
    text: "Guide",
    items: [
      { text: "How it works", link: "/how-it-works" },
      { text: "Choosing bytes", link: "/choosing-bytes" },
      { text: "Tiers", link: "/tiers" },
      { text: "Filters", link: "/filters" },
      { text: "Hybrid search", link: "/hybrid-search" },
      { text: "Durability", link: "/durability" },
      { text: "Several processes", link: "/processes" },
      { text: "Moving in from other stores", link: "/moving-in" },
      { text: "Limits", link: "/limits" },
    ],
  },
  {
    text: "Platforms",
    items: [
      { text: "Installing and bundling", link: "/installing" },
      { text: "Browser and edge", link: "/browser" },
    ],
  },
  {
    text: "Reference",
    items: [
      { text: "Errors", link: "/errors" },
      { text: "File format", link: "/format" },
      { text: "Published systems", link: "/published-systems" },
      { text: "Benchmarks", link: "/benchmarks" },
    ],
  },
  {
    text: "API",
    items: [
      { text: "@thermocline/core", link: "/api/@thermocline/core/" },
      { text: "@thermocline/core/browser", link: "/api/@thermocline/core/browser/" },
      { text: "@thermocline/langchain", link: "/api/@thermocline/langchain/" },
      { text: "@thermocline/langchain/langgraph", link: "/api/@thermocline/langchain/langgraph/" },
      { text: "@thermocline/llamaindex", link: "/api/@thermocline/llamaindex/" },
      { text: "@thermocline/llamaindex/vectorstores", link: "/api/@thermocline/llamaindex/vectorstores/" },
      { text: "@thermocline/mastra", link: "/api/@thermocline/mastra/" },
    ],
  },
];
