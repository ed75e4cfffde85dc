// Server-sent events out of an answer's body: each as soon as it is whole. Comments and unknown lines say nothing.
import type { ChatEvent } from './types';

export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let held = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      held += decoder.decode(value, { stream: true });
      const whole = held.split('\n\n');
      held = whole.pop() ?? '';
      for (const block of whole) if (block.startsWith('data: ')) yield JSON.parse(block.slice('data: '.length)) as ChatEvent;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
