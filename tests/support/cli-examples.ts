/** Examples that need a service or a model, or end only when they are told to. */
export const ELSEWHERE = /ollama|openai|transformers|^(thermocline )?(serve|mcp)\b/;
