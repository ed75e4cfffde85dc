export const en = {
  title: 'Assistant',
  lead: 'It reads along where you let it: what a message is about, what you or others still owe an answer, drafts. It never sends anything by itself.',
  off: {
    not_configured: 'No language model is set up here. What plain rules can tell is told all the same; summaries and drafts are not to be had.',
    switched_off: 'An administrator of your company has switched the assistant off.',
  },
  reading: 'Read {{address}}',
  readingHint: 'New mail and that of the last two weeks is read, and what is found is shown here. The text of mail goes to the language model.',
  drafting: 'Propose answers for {{address}}',
  draftingHint: 'For mail that needs a reply a draft is proposed. You decide whether it goes.',
  erase: 'Stop, and erase what was made of {{address}}',
  erased: 'The assistant no longer reads {{address}}, and what it made of it is erased.',
  company: 'The assistant works in this company',
  companyHint: 'Off, it stops within seconds for everybody. Used today: {{used}} of {{most}} tokens.',
  failed: 'The settings of the assistant could not be read: {{reason}}',
  retry: 'Try again',
  mark: 'What the assistant says of this message',
  urgent: 'Urgent',
  needsReply: 'Needs a reply',
  important: 'Important contact',
  category: {
    project: 'Project', meeting: 'Meeting', sales: 'Sales', support: 'Support', billing: 'Billing', legal: 'Legal', hiring: 'Hiring', travel: 'Travel',
    personal: 'Personal', newsletter: 'Newsletter', notification: 'Notification', auto_reply: 'Automatic reply', bounce: 'Not delivered', list: 'Mailing list',
    phishing: 'Suspicious', other: 'Other',
  },
};

export type AgentWords = typeof en;
