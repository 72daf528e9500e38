import { useEffect, useRef } from "preact/hooks";
import type { Condition, Source } from "../source.js";
import { MetadataChips } from "./metadata-chips.js";
import { useAnswer } from "./use-answer.js";

interface DialogProps {
  readonly source: Source;
  readonly namespace: string;
  readonly id: string;
  readonly onClose: () => void;
  readonly onLike: (id: string) => void;
  readonly onCondition: (condition: Condition) => void;
}

/** One record whole. */
export function RecordDialog({ source, namespace, id, onClose, onLike, onCondition }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { value, error, waiting } = useAnswer(
    (signal) => source.record({ namespace, id }, signal),
    `${namespace} ${id}`,
  );
  useEffect(() => dialog.current?.showModal(), []);
  const leave = (then: () => void) => () => {
    then();
    // Closed by itself it gives the focus back to where it was.
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="record-title">
      <div class="head">
        <h2 id="record-title">{id}</h2>
        {value && <span class={`tier ${value.tier}`}>{value.tier === "none" ? "no vector" : value.tier}</span>}
        <button type="button" class="remove" aria-label="Close" onClick={() => dialog.current?.close()}>
          ×
        </button>
      </div>
      {!value && <p class="quiet">{waiting ? "Reading …" : (error ?? "This record is gone.")}</p>}
      {value && (
        <>
          <MetadataChips
            metadata={value.metadata}
            all
            onCondition={(condition) => leave(() => onCondition(condition))()}
          />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <div class="whole" tabIndex={0} role="group" aria-label="Text">
            {value.text === "" ? <span class="quiet">No text.</span> : value.text}
          </div>
          {value.tier !== "none" && (
            <button type="button" onClick={leave(() => onLike(id))}>
              Like this
            </button>
          )}
        </>
      )}
    </dialog>
  );
}
