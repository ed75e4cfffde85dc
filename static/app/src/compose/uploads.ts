// Files on their way to the server: in pieces, with progress, going on where they stopped. Kept on the device until
// they are there, so that a reload loses none.
import { Problem, Unreachable } from '../api/request';
import type { Attachment, Id } from '../api/types';
import { Emitter } from '../store/emitter';
import type { Calls } from './calls';
import type { DraftStore } from './draftStore';

export interface Transfer {
  /** Made here; the server's attachment has its own id. */
  key: string;
  draft: Id;
  file: Blob;
  name: string;
  type: string;
  inline: boolean;
  /** Bytes that the server has. */
  sent: number;
  state: 'waiting' | 'running' | 'failed';
  /** Why it stopped, when the server said so; null while only the network is away. */
  problem: Problem | null;
}

const TRIES = 5;
const FIRST_WAIT = 1_000;

export class Uploads {
  private transfers: readonly Transfer[] = [];
  private readonly changed = new Emitter();
  private readonly stops = new Map<string, AbortController>();
  /** What the server calls a transfer that was begun. */
  private readonly begun = new Map<string, { id: Id; chunk: number }>();
  private readonly calls: Calls;
  private readonly store: DraftStore;
  private readonly arrivals = new Set<(transfer: Transfer, attachment: Attachment) => void>();

  constructor(calls: Calls, store: DraftStore) {
    this.calls = calls;
    this.store = store;
    addEventListener('online', this.hurry);
  }

  stop(): void {
    removeEventListener('online', this.hurry);
    for (const stop of this.stops.values()) stop.abort();
  }

  on(listener: () => void): () => void {
    return this.changed.on(listener);
  }

  /** Hear of every file that has arrived. */
  onDone(listener: (transfer: Transfer, attachment: Attachment) => void): () => void {
    this.arrivals.add(listener);
    return () => this.arrivals.delete(listener);
  }

  all(): readonly Transfer[] {
    return this.transfers;
  }

  of(draft: Id): Transfer[] {
    return this.transfers.filter((transfer) => transfer.draft === draft);
  }

  add(draft: Id, file: Blob, name: string, inline: boolean): Transfer {
    const transfer: Transfer = {
      key: crypto.randomUUID(), draft, file, name, type: file.type || 'application/octet-stream', inline, sent: 0, state: 'waiting', problem: null,
    };
    this.set([...this.transfers, transfer]);
    void this.store.putFile({ id: transfer.key, draft, file, name, type: transfer.type, inline });
    void this.run(transfer.key);
    return transfer;
  }

  /** Take up the files of a draft that an earlier visit left behind. */
  async takeUp(draft: Id): Promise<void> {
    for (const { id, file, name, type, inline } of await this.store.files(draft)) {
      if (this.find(id)) continue;
      this.set([...this.transfers, { key: id, draft, file, name, type, inline, sent: 0, state: 'waiting', problem: null }]);
      void this.run(id);
    }
  }

  retry(key: string): void {
    if (this.find(key)?.state === 'failed') void this.run(key);
  }

  cancel(key: string): void {
    this.stops.get(key)?.abort();
    const begun = this.begun.get(key);
    if (begun) void this.calls.dropUpload(begun.id).catch(() => undefined); // what is left behind is swept up
    this.leave(key);
  }

  cancelAll(draft: Id): void {
    for (const { key } of this.of(draft)) this.cancel(key);
  }

  private find(key: string): Transfer | undefined {
    return this.transfers.find((transfer) => transfer.key === key);
  }

  private set(next: readonly Transfer[]): void {
    this.transfers = next;
    this.changed.emit();
  }

  private change(key: string, change: Partial<Transfer>): void {
    this.set(this.transfers.map((transfer) => (transfer.key === key ? { ...transfer, ...change } : transfer)));
  }

  private leave(key: string): void {
    this.begun.delete(key);
    this.stops.delete(key);
    this.set(this.transfers.filter((transfer) => transfer.key !== key));
    void this.store.removeFile(key);
  }

  private readonly hurry = (): void => {
    for (const { key, state, problem } of this.transfers) if (state === 'failed' && !problem) void this.run(key);
  };

  private async run(key: string): Promise<void> {
    const stop = new AbortController();
    this.stops.set(key, stop);
    this.change(key, { state: 'running', problem: null });
    for (let tries = 0; ;) {
      const before = this.find(key)?.sent ?? 0;
      try {
        const attachment = await this.transfer(key, stop.signal);
        const transfer = this.find(key);
        if (transfer) for (const listener of [...this.arrivals]) listener(transfer, attachment);
        this.leave(key);
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof Unreachable) && !(error instanceof Problem)) throw error;
        const passing = error instanceof Unreachable || error.status >= 500 || error.status === 429;
        if ((this.find(key)?.sent ?? 0) > before) tries = 0;
        if (!passing || ++tries >= TRIES) {
          this.change(key, { state: 'failed', problem: error instanceof Problem && !passing ? error : null });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT * 2 ** (tries - 1)));
        if (stop.signal.aborted) return;
      }
    }
  }

  private async transfer(key: string, signal: AbortSignal): Promise<Attachment> {
    const { draft, file, name, type, inline } = this.find(key)!;
    let begun = this.begun.get(key);
    if (!begun) {
      const upload = await this.calls.beginUpload({ draft_id: draft, filename: name, content_type: type, size: file.size, inline }, signal);
      begun = { id: upload.id, chunk: upload.chunk_size };
      this.begun.set(key, begun);
      this.change(key, { sent: upload.received });
      if (upload.attachment) return upload.attachment;
    }
    for (;;) {
      const offset = this.find(key)?.sent ?? 0;
      const upload = await this.piece(begun.id, offset, file.slice(offset, offset + begun.chunk), signal);
      this.change(key, { sent: upload.received });
      if (upload.attachment) return upload.attachment;
    }
  }

  /** One piece. The server may have more than this tab knows of: the answer to the last one was lost. */
  private async piece(id: Id, offset: number, bytes: Blob, signal: AbortSignal): Promise<{ received: number; attachment?: Attachment | null }> {
    try {
      return await this.calls.upload(id, offset, bytes, signal);
    } catch (error) {
      const received = error instanceof Problem && error.status === 409 ? (error.document as { received?: unknown }).received : undefined;
      if (typeof received !== 'number' || received === offset) throw error;
      return { received };
    }
  }
}
