// Renders a component in English with a mirror that is not connected to anything.
import { render, type RenderResult } from '@testing-library/react';
import type { ReactNode } from 'react';
import { startLanguages } from '../i18n';
import { MirrorContext } from '../store/hooks';
import { Mirror } from '../store/mirror';

export async function show(children: ReactNode, mirror = new Mirror('test:person')): Promise<RenderResult & { mirror: Mirror }> {
  await startLanguages();
  return { ...render(<MirrorContext value={mirror}>{children}</MirrorContext>), mirror };
}
