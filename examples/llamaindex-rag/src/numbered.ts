import { type BaseNodePostprocessor, MetadataMode, TextNode } from "llamaindex";
import { type Cited, passageForPrompt } from "../../passages/src/citing.js";

/** Gives the retrieved nodes the numbers by which the model cites them. */
export const numbered: BaseNodePostprocessor = {
  async postprocessNodes(nodes) {
    return nodes.map(({ node, ...score }, i) => {
      const { file, heading } = node.metadata as Cited;
      const passage = passageForPrompt({ file, heading, text: node.getContent(MetadataMode.NONE) }, i + 1);
      // The prompt is filled by String.replace, to which `$&` and its like are patterns.
      const text = passage.replaceAll("$", "$$$$");
      return {
        ...score,
        node: new TextNode({ id_: node.id_, text, metadata: { file, heading }, ...METADATA_IN_TEXT }),
      };
    });
  },
};

/** File and heading are in the text already. */
export const METADATA_IN_TEXT = {
  excludedEmbedMetadataKeys: ["file", "heading"],
  excludedLlmMetadataKeys: ["file", "heading"],
};
