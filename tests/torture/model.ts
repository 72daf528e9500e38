import { type Operation, TAGS } from "./log.js";

/** What is stored, as the log says: by namespace and number of the id, the seed that it was last written with. */
export type Model = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** A model after one more call. */
export function after(model: Model, operation: Operation): Model {
  const { namespace } = operation;
  const next = new Map(model);
  const records = new Map(model.get(namespace));
  next.set(namespace, records);
  switch (operation.call) {
    case "upsert":
      for (const id of operation.ids) records.set(id, operation.seed);
      break;
    case "delete":
      for (const id of operation.ids) records.delete(id);
      break;
    case "deleteTag":
      for (const id of [...records.keys()]) if (id % TAGS === operation.tag) records.delete(id);
      break;
    case "copyNamespace":
      next.set(operation.target, new Map(records));
      break;
    case "dropNamespace":
      next.delete(namespace);
      break;
  }
  return next;
}

/** What a log leaves open: each of the calls under way when their processes were killed has been done, or has not. */
export function outcomes(models: readonly Model[], unacknowledged: readonly Operation[]): Model[] {
  let all = [...models];
  for (const operation of unacknowledged) all = all.flatMap((model) => [model, after(model, operation)]);
  return all;
}
