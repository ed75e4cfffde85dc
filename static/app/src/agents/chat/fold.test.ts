import { describe, expect, it } from 'vitest';
import { eventsOf } from './events';
import { asked, fold, parts } from './fold';
import type { ChatEvent, Citation } from './types';

const roof: Citation = { name: 'M1', type: 'message', id: 'm', account_id: 'a', title: 'Roof works', thread_id: 't' };

function bodyOf(...pieces: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
}

async function heard(...pieces: string[]): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const event of eventsOf(bodyOf(...pieces))) events.push(event);
  return events;
}

describe('events of a body', () => {
  it('come whole however the body is cut', async () => {
    const events = await heard('data: {"type":"be', 'gun","session_id":"s","turn_id":"t"}\n', '\ndata: {"type":"again"}\n\n: quiet\n\n');
    expect(events.map(({ type }) => type)).toEqual(['begun', 'again']);
  });
});

describe('an answer under way', () => {
  it('grows by words, keeps what it cites, and begins anew after a look', () => {
    const events: ChatEvent[] = [
      { type: 'begun', session_id: 's', turn_id: 't' },
      { type: 'words', text: 'Let me look.', citations: [] },
      { type: 'step', tool: 'search', refused: false },
      { type: 'words', text: 'In March', citations: [] },
      { type: 'words', text: ' [M1].', citations: [roof] },
    ];
    const turn = events.reduce(fold, asked('When?', null));
    expect(turn).toMatchObject({ id: 't', session_id: 's', answer: 'In March [M1].', citations: [roof], steps: [{ tool: 'search' }] });
    expect(fold(turn, { type: 'again' }).answer).toBe('');
  });
});

describe('marks', () => {
  it('are cut out of the text, several of one bracket too', () => {
    expect(parts('In March [M1, E2]. Ask Bob [C1]')).toEqual([
      { kind: 'text', text: 'In March' }, { kind: 'cite', name: 'M1' }, { kind: 'cite', name: 'E2' },
      { kind: 'text', text: '. Ask Bob' }, { kind: 'cite', name: 'C1' },
    ]);
  });

  it('leave other brackets, and markup, as the text they are', () => {
    expect(parts('<b>[note]</b> [x](http://evil.example)')).toEqual([{ kind: 'text', text: '<b>[note]</b> [x](http://evil.example)' }]);
  });
});
