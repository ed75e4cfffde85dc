// The text of a message. The editor is made once and lives as long as it is on screen; React only frames it.
import { Editor } from '@tiptap/core';
import { useImperativeHandle, useLayoutEffect, useRef, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { renameAttribute } from '../mail/renameAttribute';
import { extensions, type EditorKeys } from './editor';
import css from './compose.module.css';
import { cleanPaste, draftContent, toSchema } from './paste';
import type { PictureShelf } from './studio';

/** The editor's text goes to the draft this often (milliseconds) while somebody types. */
const TOLD_AFTER = 200;

export interface TextHandle {
  editor: Editor;
  html: () => string;
  /** True once the person has changed something. */
  touched: () => boolean;
  focus: () => void;
  /** Focus at the beginning, with what was typed before the editor was there. */
  focusStart: (typed: string) => void;
  insert: (html: string) => void;
  append: (html: string) => void;
  insertPicture: (cid: string, alt: string) => void;
  /** A picture has got its final name; null takes it out. */
  renamePicture: (cid: string, to: string | null) => void;
  /** Show what was written elsewhere; false when it is the same. Undoing brings back what stood here. */
  replace: (html: string) => boolean;
  /** Tell nothing more: the draft has left. */
  rest: () => void;
}

interface TextEditorProps {
  ref: Ref<TextHandle>;
  html: string;
  /** Put below the text of a draft that is only beginning. */
  signature: string;
  label: string;
  placeholder: string;
  editable: boolean;
  keys: EditorKeys | null;
  pictures: PictureShelf | null;
  onChange: (html: string) => void;
  /** Files that were pasted or dropped; `inline` for those meant for the text. */
  onFiles?: (files: File[], inline: boolean) => void;
  className?: string;
}

export function TextEditor(props: TextEditorProps) {
  const { ref, label, editable, className = css.text ?? '' } = props;
  const { t } = useTranslation('compose');
  const node = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const latest = useRef(props);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const touched = useRef(false);
  const imageWord = t('image');
  useLayoutEffect(() => {
    latest.current = props;
  });

  useLayoutEffect(() => {
    const first = latest.current;
    const content = draftContent(first.html, imageWord) + (first.signature.trim() ? `${first.html ? '' : '<p></p>'}<div class="pm-signature">${toSchema(first.signature)}</div>` : '');
    const made = new Editor({
      element: node.current!,
      injectCSS: false,
      extensions: extensions(() => latest.current.placeholder, first.keys, first.pictures),
      content,
      editable: first.editable,
      editorProps: {
        attributes: { class: className, 'aria-label': label, role: 'textbox', 'aria-multiline': 'true', translate: 'no' },
        transformPastedHTML: (html) => cleanPaste(html, imageWord),
        // Left to whoever is around: the editor itself would swallow it.
        handleDOMEvents: { keydown: (_view, event) => event.key === 'Escape' && !event.isComposing },
        handlePaste: (_view, event) => takeFiles(event.clipboardData, latest.current),
        handleDrop: (view, event) => {
          if (!event.dataTransfer?.files.length) return false;
          const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
          if (at) made.commands.setTextSelection(at.pos);
          return takeFiles(event.dataTransfer, latest.current);
        },
      },
      onUpdate: () => {
        touched.current = true;
        clearTimeout(timer.current);
        timer.current = setTimeout(() => latest.current.onChange(made.getHTML()), TOLD_AFTER);
      },
    });
    editor.current = made;
    return () => {
      clearTimeout(timer.current);
      editor.current = null;
      made.destroy();
    };
    // oxlint-disable-next-line react/exhaustive-deps -- made once
  }, []);

  useLayoutEffect(() => {
    if (editor.current && editor.current.isEditable !== editable) editor.current.setEditable(editable, false);
  }, [editable]);

  useImperativeHandle(ref, () => {
    const now = (): Editor => editor.current!;
    // A file is not typed again: it must be kept before the page can go.
    const tellNow = (): void => {
      clearTimeout(timer.current);
      latest.current.onChange(now().getHTML());
    };
    return {
      get editor() {
        return now();
      },
      html: () => {
        clearTimeout(timer.current);
        return now().getHTML();
      },
      touched: () => touched.current,
      // The editor's own focus command waits for a frame: the next key would be lost.
      focus: () => now().view.focus(),
      focusStart: (typed) => {
        now().commands.setTextSelection(1);
        if (typed) now().commands.insertContent(typed.split('\n').map((line) => ({ type: 'paragraph', ...(line ? { content: [{ type: 'text', text: line }] } : {}) })));
        now().view.focus();
      },
      insert: (html) => {
        now().chain().insertContent(toSchema(html)).run();
        now().view.focus();
      },
      append: (html) => {
        now().commands.insertContentAt(now().state.doc.content.size, html);
        now().view.focus();
      },
      insertPicture: (cid, alt) => {
        now().chain().insertContent([{ type: 'image', attrs: { cid, alt } }, { type: 'text', text: ' ' }]).run();
        tellNow();
      },
      renamePicture: (cid, to) => {
        const { state, view } = now();
        const change = state.tr.setMeta('addToHistory', false);
        state.doc.descendants((child, at) => {
          if (child.type.name !== 'image' || child.attrs['cid'] !== cid) return;
          if (to) change.setNodeMarkup(change.mapping.map(at), null, { ...child.attrs, cid: to });
          else change.delete(change.mapping.map(at), change.mapping.map(at + child.nodeSize));
        });
        if (!change.docChanged) return;
        view.dispatch(change);
        tellNow();
      },
      replace: (html) => {
        const before = now().getHTML();
        const { from } = now().state.selection;
        now().commands.setContent(draftContent(html, imageWord), { emitUpdate: false });
        now().commands.setTextSelection(Math.min(from, now().state.doc.content.size - 1));
        touched.current = false;
        return now().getHTML() !== before;
      },
      rest: () => {
        clearTimeout(timer.current);
        touched.current = false;
      },
    };
  }, [imageWord]);

  return <div ref={node} className={css.editor} />;
}

/** Files on the clipboard are the person's; a copied page brings its text and, at times, a picture of it as well. */
function takeFiles(data: DataTransfer | null, { onFiles }: TextEditorProps): boolean {
  const files = [...(data?.files ?? [])];
  if (files.length === 0 || !onFiles) return false;
  const html = data?.getData('text/html') ?? '';
  if (html && !onlyPicture(html)) return false;
  const pictures = files.filter(({ type }) => PICTURE.test(type));
  const others = files.filter(({ type }) => !PICTURE.test(type));
  if (pictures.length > 0) onFiles(pictures, true);
  if (others.length > 0) onFiles(others, false);
  return true;
}

export const PICTURE = /^image\/(?:png|gif|jpe?g|webp|avif)$/i;

/** "Copy image" in a browser gives the picture and a single tag that points at it. */
function onlyPicture(html: string): boolean {
  const { body } = new DOMParser().parseFromString(renameAttribute(html, 'style', 'data-style'), 'text/html');
  return body.querySelector('img') !== null && (body.textContent ?? '').trim() === '';
}
