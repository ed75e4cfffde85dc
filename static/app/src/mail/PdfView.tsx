// A PDF's pages, drawn by us on canvas as they come into view: no plug-in, no script of the file's, no link of it.
import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy, type PDFPageProxy } from 'pdfjs-dist';
// oxlint-disable-next-line import/default -- Vite answers `?url` with one
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Spinner } from '../ui/Feedback';
import css from './reader.module.css';

GlobalWorkerOptions.workerSrc = workerUrl;

const DATA = `${import.meta.env.BASE_URL}assets/pdf/`;
/** Pages beyond this many are not offered: a look, not a reader. */
const MOST_PAGES = 300;
/** Canvas pixels of one page; a sheet for a wall would take all the memory there is. */
const MOST_PIXELS = 12_000_000;
/** A sheet of A4 upright, until the page has told its own. */
const A4 = 210 / 297;

export default function PdfView({ blob, name, onFault }: { blob: Blob; name: string; onFault: (reason: string) => void }) {
  const { t } = useTranslation();
  const [pdf, setPdf] = useState<PDFDocumentProxy | null>(null);
  const told = useRef(onFault);
  useEffect(() => {
    told.current = onFault;
  });

  useEffect(() => {
    let left = false;
    let close = (): void => undefined;
    const failed = (error: unknown): void => {
      if (!left) told.current(t(error instanceof Error && error.name === 'PasswordException' ? 'reader.pdfLocked' : 'reader.pdfBroken'));
    };
    void blob.arrayBuffer().then((data) => {
      if (left) return;
      const task = getDocument({
        data, cMapUrl: `${DATA}cmaps/`, standardFontDataUrl: `${DATA}standard_fonts/`,
        // The page's policy allows neither WebAssembly nor eval; the library does without.
        useWasm: false, isEvalSupported: false, enableXfa: false, stopAtErrors: false,
      });
      close = () => void task.destroy();
      task.promise.then((opened) => left || setPdf(opened), failed);
    }, failed);
    return () => {
      left = true;
      close();
    };
  }, [blob, t]);

  if (!pdf) return <Spinner size={20} />;
  const pages = Array.from({ length: Math.min(pdf.numPages, MOST_PAGES) }, (_, index) => index + 1);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys must be able to scroll it
    <div className={css.pdf} role="group" aria-label={name} tabIndex={0} data-autofocus>
      {pages.map((number) => <Page key={number} pdf={pdf} number={number} />)}
      {pdf.numPages > MOST_PAGES && <p>{t('reader.previewCut')}</p>}
    </div>
  );
}

function Page({ pdf, number }: { pdf: PDFDocumentProxy; number: number }) {
  const { t } = useTranslation();
  const sheet = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [near, setNear] = useState(false);
  const [ratio, setRatio] = useState(A4);
  const [words, setWords] = useState('');

  useEffect(() => {
    if (!sheet.current) return undefined;
    const watch = new IntersectionObserver((seen) => setNear(seen.some(({ isIntersecting }) => isIntersecting)), { rootMargin: '100% 0px' });
    watch.observe(sheet.current);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (!near) return undefined;
    let left = false;
    let stop = (): void => undefined;
    void pdf.getPage(number).then(async (page) => {
      if (left || !canvas.current || !sheet.current) return;
      const drawing = draw(page, canvas.current, sheet.current.clientWidth);
      stop = () => drawing.cancel();
      setRatio(drawing.ratio);
      setWords(await wordsOf(page));
      await drawing.done;
    }).catch(() => undefined); // a page that cannot be drawn stays white; the others are shown
    return () => {
      left = true;
      stop();
    };
  }, [near, pdf, number]);

  return (
    <div ref={sheet} className={css.pdfPage} style={{ aspectRatio: ratio }}>
      {near && <canvas ref={canvas} role="img" aria-label={t('reader.pdfPage', { number, count: pdf.numPages })} data-page={number} />}
      {words && <p className="vh">{words}</p>}
    </div>
  );
}

/** Draw a page to fill `width` CSS pixels, as sharp as the screen and the memory allow. */
function draw(page: PDFPageProxy, canvas: HTMLCanvasElement, width: number): { ratio: number; done: Promise<void>; cancel: () => void } {
  const whole = page.getViewport({ scale: 1 });
  const wanted = (width / whole.width) * Math.min(devicePixelRatio || 1, 2);
  const scale = Math.min(wanted, Math.sqrt(MOST_PIXELS / (whole.width * whole.height)));
  const viewport = page.getViewport({ scale });
  canvas.width = Math.floor(viewport.width);
  canvas.height = Math.floor(viewport.height);
  const task = page.render({ canvas, viewport });
  return { ratio: whole.width / whole.height, done: task.promise, cancel: () => task.cancel() };
}

/** What stands on a page, for who cannot see it. */
async function wordsOf(page: PDFPageProxy): Promise<string> {
  const { items } = await page.getTextContent();
  return items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
}
