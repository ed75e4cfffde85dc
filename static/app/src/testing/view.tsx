// Renders a component in English with a mirror that is not connected to anything.
import { render, type RenderResult } from '@testing-library/react';
import i18next from 'i18next';
import type { ReactNode } from 'react';
import { startLanguages } from '../i18n';
import { MirrorContext } from '../store/hooks';
import { Mirror } from '../store/mirror';

export async function show(children: ReactNode, mirror = new Mirror('test:person')): Promise<RenderResult & { mirror: Mirror }> {
  // A second start would lose the words that pages brought.
  if (!i18next.isInitialized) await startLanguages();
  return { ...render(<MirrorContext value={mirror}>{children}</MirrorContext>), mirror };
}
