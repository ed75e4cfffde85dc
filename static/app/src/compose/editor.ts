// What the editor can hold, and which keys write it. No styles are injected: the page's policy would refuse them.
import { Extension, Node, mergeAttributes, type Editor, type Extensions } from '@tiptap/core';
import { Image } from '@tiptap/extension-image';
import { Placeholder } from '@tiptap/extensions';
import { StarterKit } from '@tiptap/starter-kit';

/** The signature is a block of its own, so that another identity's can take its place. */
export const Signature = Node.create({
  name: 'signature',
  group: 'block',
  content: 'block+',
  defining: true,
  parseHTML: () => [{ tag: 'div.pm-signature' }],
  renderHTML: ({ HTMLAttributes }) => ['div', mergeAttributes(HTMLAttributes, { class: 'pm-signature' }), 0],
});

/** Where the bytes of a picture are to be had, by Content-ID; the text itself only names it. */
export interface Pictures {
  url: (cid: string) => string | null;
  on: (listener: () => void) => () => void;
}

/** A picture in the text is an attachment that the text names by its Content-ID. */
const InlineImage = (pictures: Pictures) => Image.extend({
  inline: true,
  group: 'inline',
  addAttributes() {
    return {
      cid: {
        default: '',
        parseHTML: (element: HTMLElement) => element.getAttribute('data-cid') ?? /^cid:(.+)$/i.exec(element.getAttribute('src') ?? '')?.[1] ?? '',
        renderHTML: ({ cid }: { cid?: string }) => ({ src: `cid:${cid ?? ''}` }),
      },
      alt: { default: '' },
    };
  },
  parseHTML: () => [{ tag: 'img[src^="cid:"], img[data-cid]' }],
  renderHTML: ({ HTMLAttributes }) => ['img', HTMLAttributes],
  addNodeView() {
    return ({ node }) => {
      const dom = document.createElement('img');
      const show = (): void => {
        const url = pictures.url(node.attrs['cid'] as string);
        if (url && dom.src !== url) dom.src = url;
      };
      dom.alt = (node.attrs['alt'] as string) || '';
      show();
      const off = pictures.on(show);
      return { dom, destroy: off };
    };
  },
});

export interface EditorKeys {
  link: () => void;
  send: () => void;
  cc: () => void;
  bcc: () => void;
}

/** Gmail's keys where they differ from the editor's own. */
const Keys = (keys: EditorKeys) => Extension.create({
  name: 'composeKeys',
  priority: 1000,
  addKeyboardShortcuts() {
    const doing = (act: () => void) => () => {
      act();
      return true;
    };
    return {
      'Mod-Enter': doing(keys.send),
      'Mod-k': doing(keys.link),
      'Mod-Shift-c': doing(keys.cc),
      'Mod-Shift-b': doing(keys.bcc),
      'Mod-Shift-x': ({ editor }) => editor.chain().focus().toggleStrike().run(),
      'Mod-Shift-9': ({ editor }) => editor.chain().focus().toggleBlockquote().run(),
      'Mod-\\': ({ editor }) => clearFormatting(editor),
    };
  },
});

export const clearFormatting = (editor: Editor): boolean => editor.chain().focus().unsetAllMarks().clearNodes().run();

export function extensions(placeholder: () => string, keys: EditorKeys | null, pictures: Pictures | null): Extensions {
  return [
    StarterKit.configure({
      heading: { levels: [1, 2, 3] },
      link: { openOnClick: false, autolink: true, linkOnPaste: true, defaultProtocol: 'https', protocols: ['mailto', 'tel'], HTMLAttributes: { rel: null, target: null } },
      dropcursor: { class: 'drop-cursor', color: false },
    }),
    Placeholder.configure({ placeholder, showOnlyWhenEditable: false }),
    Signature,
    ...(pictures ? [InlineImage(pictures)] : []),
    ...(keys ? [Keys(keys)] : []),
  ];
}

/** The person's own words: without the signature and what they quoted in the text. */
export function ownText(editor: Editor): string {
  let text = '';
  editor.state.doc.forEach((node) => {
    if (node.type.name !== 'signature' && node.type.name !== 'blockquote') text += `${node.textBetween(0, node.content.size, '\n', ' ')}\n`;
  });
  return text;
}

/** Put another signature where the last one stands, or at the end when the person has not taken it out. */
export function setSignature(editor: Editor, html: string, add: boolean): void {
  let at: { from: number; to: number } | null = null;
  editor.state.doc.forEach((node, offset) => {
    if (node.type.name === 'signature') at = { from: offset, to: offset + node.nodeSize };
  });
  const content = html.trim() ? `<div class="pm-signature">${html}</div>` : '';
  const chain = editor.chain().setMeta('addToHistory', false);
  const place = at as { from: number; to: number } | null;
  if (place) {
    if (content) chain.insertContentAt(place, content, { updateSelection: false }).run();
    else chain.deleteRange(place).run();
  } else if (add && content) {
    const empty = editor.isEmpty;
    chain.insertContentAt(editor.state.doc.content.size, content, { updateSelection: false }).run();
    // The signature stands apart from the first line, which stays the place to write.
    if (empty) editor.commands.setTextSelection(1);
  }
}
