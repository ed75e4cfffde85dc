// What is typed after a command and before the field that it opens is there goes into that field, and runs nothing else:
// on a slow line, "Ctrl K, settings, Enter" would star, archive and reply instead.

/** How long to wait for the field; after that the keys mean again what they always mean. */
const PATIENCE = 3_000;
const FIELD = 'input:not([type="checkbox"], [type="radio"]), textarea, [contenteditable]:not([contenteditable="false"])';

let release: (() => void) | undefined;

/** Keep what is typed from now on for the next field that gets the focus. Returns what gives it up. */
export function keepTyping(): () => void {
  release?.();
  let kept = '';
  const typed = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Escape') return end();
    const altGr = event.getModifierState('AltGraph');
    if ((event.ctrlKey || event.altKey) && !altGr || event.metaKey) return;
    if (event.key === 'Backspace') kept = kept.slice(0, -1);
    else if (event.key === 'Enter') kept += '\n';
    else if (event.key.length === 1) kept += event.key;
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const focused = (event: FocusEvent): void => {
    const to = event.target as Element;
    if (to.matches(FIELD)) {
      // Not in the middle of the rendering that gave it the focus; once, also where that goes on from field to field.
      setTimeout(() => {
        if (release !== end) return;
        end();
        void type(kept);
      });
    } else if (to.id === 'main' || to.matches('button')) {
      // There is no field: the command closed what it had opened, or asks something else first.
      end();
    }
  };
  const end = (): void => {
    clearTimeout(timer);
    removeEventListener('keydown', typed, true);
    removeEventListener('focusin', focused, true);
    if (release === end) release = undefined;
  };
  addEventListener('keydown', typed, true);
  addEventListener('focusin', focused, true);
  const timer = setTimeout(end, PATIENCE);
  release = end;
  return end;
}

/** Type into what has the focus, as a person would: an Enter is told to it once it has shown what came before. */
async function type(text: string): Promise<void> {
  for (const [number, line] of text.split('\n').entries()) {
    if (number > 0) {
      await painted();
      for (const kind of ['keydown', 'keyup']) {
        document.activeElement?.dispatchEvent(new KeyboardEvent(kind, { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true }));
      }
    }
    if (!line) continue;
    // Chromium does not tell of what is inserted so before it is; a list that chooses as one types listens for that.
    document.activeElement?.dispatchEvent(new InputEvent('beforeinput', { inputType: 'insertText', data: line, bubbles: true, cancelable: true }));
    // Deprecated and without a successor: only this is an input like any other to every kind of field.
    document.execCommand('insertText', false, line);
  }
}

const painted = (): Promise<void> => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => done()));
});
