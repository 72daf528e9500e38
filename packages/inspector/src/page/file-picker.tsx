import { useState } from "preact/hooks";

/** Asks for a store's file, by a dialogue or by dropping it on the page. */
export function FilePicker({ open }: { readonly open: (file: File) => Promise<void> }) {
  const [state, setState] = useState<{ readonly opening?: string; readonly failed?: string }>({});
  const take = (file: File | undefined) => {
    if (!file) return;
    setState({ opening: file.name });
    open(file).catch((error: unknown) => setState({ failed: error instanceof Error ? error.message : String(error) }));
  };
  return (
    <main
      class="picker"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files[0]);
      }}
    >
      <h1>Thermocline inspector</h1>
      <p>
        Choose the file of a store, or drop it here. This page reads it by WebAssembly, in this browser: nothing is
        uploaded, and the file is not changed.
      </p>
      <label class="button primary">
        Choose a file
        <input
          type="file"
          class="hidden"
          disabled={state.opening !== undefined}
          onChange={(event) => take(event.currentTarget.files?.[0])}
        />
      </label>
      <p role="status">
        {state.opening !== undefined && `Opening ${state.opening} …`}
        {state.failed}
      </p>
    </main>
  );
}
