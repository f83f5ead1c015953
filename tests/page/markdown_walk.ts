import { type ComponentChild, Fragment, isValidElement, type VNode } from "preact";
import { CopyButton } from "../../src/page/copy_button.tsx";
import { CodeBlock } from "../../src/page/markdown/code_block.tsx";

/** An element as it comes into the document. */
export interface WalkedElement {
  name: string;
  props: Record<string, unknown>;
  depth: number;
}

/** What a tree of nodes brings into the document. */
export interface WalkedTree {
  elements: WalkedElement[];
  text: string;
}

/** Walks what nodes become, component by component; the button that copies ends it, and is counted. */
export function walk(nodes: readonly VNode[]): WalkedTree {
  const tree: WalkedTree = { elements: [], text: "" };
  for (const node of nodes) visit(node, { tree, depth: 0 });
  return tree;
}

function visit(node: ComponentChild, { tree, depth }: { tree: WalkedTree; depth: number }): void {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, { tree, depth });
    return;
  }
  if (node === null || node === undefined || typeof node === "boolean") return;
  if (typeof node === "string" || typeof node === "number") {
    tree.text += node;
    return;
  }
  if (!isValidElement(node)) throw new Error(`What is no node came out: ${JSON.stringify(node)}`);
  const { type, props } = node as VNode<Record<string, unknown>>;
  if (type === Fragment) visit(props.children as ComponentChild, { tree, depth });
  else if (type === CodeBlock as unknown) {
    visit(CodeBlock(props as unknown as { text: string; language: string }), { tree, depth });
  } else if (type === CopyButton as unknown) return;
  else if (typeof type !== "string") throw new Error(`An unknown component came out: ${type.name}`);
  else {
    const { children, ...others } = props;
    tree.elements.push({ name: type, props: others, depth });
    visit(children as ComponentChild, { tree, depth: depth + 1 });
  }
}
