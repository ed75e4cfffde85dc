// What a message carries: picked, dropped, on their way, there.
import { File, Paperclip, RotateCcw, X } from 'lucide-react';
import { useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attachment, Id } from '../api/types';
import { fileSize } from '../i18n/format';
import { IconButton } from '../ui/Button';
import { Progress } from '../ui/Feedback';
import css from './compose.module.css';
import type { Limit } from './limits';
import type { Transfer } from './uploads';

export function AttachButton({ disabled, onFiles }: { disabled: boolean; onFiles: (files: File[]) => void }) {
  const { t } = useTranslation('compose');
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton label={t('attach')} disabled={disabled} onClick={() => input.current?.click()}><Paperclip size={20} aria-hidden /></IconButton>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label={t('attach')}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}

interface FileListProps {
  attachments: Attachment[];
  transfers: readonly Transfer[];
  limit: Limit;
  disabled: boolean;
  onRemove: (id: Id) => void;
  onCancel: (key: string) => void;
  onRetry: (key: string) => void;
}

export function FileList({ attachments, transfers, limit, disabled, onRemove, onCancel, onRetry }: FileListProps) {
  const { t } = useTranslation('compose');
  if (attachments.length + transfers.length === 0) return null;
  const used = [...attachments.map(({ size }) => size), ...transfers.map(({ file }) => file.size)].reduce((sum, size) => sum + size, 0);
  return (
    <section className={css.files} aria-label={t('attachments')}>
      <ul>
        {attachments.map((file) => (
          <li key={file.id} className={css.file}>
            <File size={16} aria-hidden />
            <span className={css.fileName}><bdi>{file.filename}</bdi></span>
            <span className={css.fileSize} data-num>{fileSize(file.size)}</span>
            <IconButton label={t('removeFile', { name: file.filename })} disabled={disabled} onClick={() => onRemove(file.id)}><X size={16} aria-hidden /></IconButton>
          </li>
        ))}
        {transfers.map((transfer) => <Moving key={transfer.key} transfer={transfer} onCancel={onCancel} onRetry={onRetry} />)}
      </ul>
      {limit.known && used > limit.files / 2 && <p className={css.filesSize} data-num>{t('filesSize', { size: fileSize(used), most: fileSize(limit.files) })}</p>}
    </section>
  );
}

function Moving({ transfer, onCancel, onRetry }: { transfer: Transfer; onCancel: (key: string) => void; onRetry: (key: string) => void }) {
  const { t } = useTranslation('compose');
  const { key, name, file, sent, state, problem } = transfer;
  const percent = file.size > 0 ? Math.floor((sent / file.size) * 100) : 0;
  const failed = state === 'failed';
  return (
    <li className={css.file} data-failed={failed && problem ? true : undefined}>
      <File size={16} aria-hidden />
      <span className={css.fileName}><bdi>{name}</bdi></span>
      {failed
        ? <span className={css.fileFault} role={problem ? 'alert' : 'status'}>{problem ? t('uploadFailed', { reason: problem.message }) : t('uploadAway')}</span>
        : <span className={css.fileProgress}><Progress label={t('uploading', { name, percent })} done={sent} total={file.size} /></span>}
      <span className={css.fileSize} data-num>{fileSize(file.size)}</span>
      {failed && <IconButton label={t('retryUpload', { name })} onClick={() => onRetry(key)}><RotateCcw size={16} aria-hidden /></IconButton>}
      <IconButton label={t('cancelUpload', { name })} onClick={() => onCancel(key)}><X size={16} aria-hidden /></IconButton>
    </li>
  );
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files');

/** A node over which files can be let go; the editor takes those that fall into the text itself. */
export function useDropTarget(onFiles: (files: File[]) => void, enabled: boolean) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const leave = (): void => {
    depth.current = 0;
    setOver(false);
  };
  const props = {
    onDragEnter: (event: DragEvent) => {
      if (!enabled || !hasFiles(event)) return;
      depth.current++;
      setOver(true);
    },
    onDragOver: (event: DragEvent) => {
      if (enabled && hasFiles(event)) event.preventDefault();
    },
    onDragLeave: (event: DragEvent) => {
      if (enabled && hasFiles(event) && --depth.current <= 0) leave();
    },
    onDrop: (event: DragEvent) => {
      leave();
      if (!enabled || !hasFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      onFiles([...event.dataTransfer.files]);
    },
    // The editor has taken them: the event ends there.
    onDropCapture: leave,
  };
  return { over, props };
}
