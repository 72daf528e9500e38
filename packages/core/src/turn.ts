/** The next turn of the event loop: timers and I/O that are due, and in a page painting, come first. */
export const nextTurn: () => Promise<void> =
  typeof setImmediate === "function"
    ? () =>
        new Promise((resolve) => {
          setImmediate(resolve);
        })
    : typeof MessageChannel === "function"
      ? nextMessage
      : () =>
          new Promise((resolve) => {
            setTimeout(resolve);
          });

/** Pages hold timers back that follow each other closely; messages they do not. */
function nextMessage(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const arrived = () => {
      port1.close();
      resolve();
    };
    Object.assign(port1, { onmessage: arrived });
    port2.postMessage(0);
  });
}
