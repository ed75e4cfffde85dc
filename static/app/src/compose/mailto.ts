// A mailto: address (RFC 6068) as a request for a composer.
import type { ComposeRequest } from './open';

export function mailtoRequest(href: string): ComposeRequest {
  const [path = '', query = ''] = href.replace(/^mailto:/i, '').split(/\?(.*)/s);
  const request: ComposeRequest = { mode: 'new' };
  const to = [decoded(path)];
  const joined = { cc: [] as string[], bcc: [] as string[] };
  for (const field of query.split('&')) {
    const [name = '', value = ''] = field.split(/=(.*)/s);
    const text = decoded(value);
    switch (name.toLowerCase()) {
      case 'to': to.push(text); break;
      case 'cc': joined.cc.push(text); break;
      case 'bcc': joined.bcc.push(text); break;
      case 'subject': request.subject = text.replace(/[\r\n]+/g, ' '); break;
      case 'body': request.body = text; break;
      // Any other header is the writer's own business (RFC 6068, section 4): a link may not set it.
    }
  }
  const people = to.filter(Boolean).join(', ');
  if (people) request.to = people;
  if (joined.cc.length > 0) request.cc = joined.cc.join(', ');
  if (joined.bcc.length > 0) request.bcc = joined.bcc.join(', ');
  return request;
}

/** Percent-encoding alone: a plus sign stands for itself in a mailto address. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
