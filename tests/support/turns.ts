/** Counts how often the event loop comes round until the call has ended; `at` is told each time. */
export async function turnsDuring(call: Promise<unknown>, at: (turn: number) => void = () => {}): Promise<number> {
  let turns = 0;
  let ended = false;
  const count = () => {
    turns += 1;
    at(turns);
    if (!ended) setTimeout(count, 0);
  };
  setTimeout(count, 0);
  await call.finally(() => {
    ended = true;
  });
  return turns;
}
