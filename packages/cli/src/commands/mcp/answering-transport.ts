import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
} from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";

/** For how long requests under way may take once the client has left. */
const PATIENCE_MS = 5000;

/**
 * Stdio that answers what was asked before it closes: a client that writes its requests and ends stdin still gets all answers, and
 * so does one whose server is told to stop.
 */
export class AnsweringTransport extends StdioServerTransport {
  readonly #unanswered = new Set<RequestId>();
  #closing: Promise<void> | undefined;
  #answered: (() => void) | undefined;
  #ended!: () => void;
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed = new Promise<void>((resolve) => {
    this.#ended = resolve;
  });

  override async start(): Promise<void> {
    const deliver = this.onmessage;
    this.onmessage = (message) => {
      // Subscriptions are answered by what comes later, for as long as the connection lasts.
      if (isJSONRPCRequest(message) && message.method !== "subscriptions/listen") this.#unanswered.add(message.id);
      // What was cancelled gets no answer.
      if (isJSONRPCNotification(message) && message.method === "notifications/cancelled") {
        this.#settle(message.params?.["requestId"] as RequestId | undefined);
      }
      deliver?.(message);
    };
    await super.start();
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    try {
      await super.send(message);
    } finally {
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) this.#settle(message.id);
    }
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#unanswered.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS);
        this.#answered = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await super.close();
    this.#ended();
  }

  #settle(id: RequestId | undefined): void {
    if (id !== undefined) this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) this.#answered?.();
  }
}
