/** The pages that the links in e-mails open. */
export const pages = {
  ConfirmSubscription: ({ SubscriptionArn: arn }: { readonly SubscriptionArn: string }) => ({
    title: 'Subscription confirmed',
    paragraphs: ['You will get the notifications of the topic.', `The id of your subscription is ${arn}`],
    link: {
      href: `?Action=Unsubscribe&SubscriptionArn=${encodeURIComponent(arn)}`,
      text: 'This was a mistake: unsubscribe',
    },
  }),
  Unsubscribe: () => ({
    title: 'Subscription removed',
    paragraphs: ['You will get no more notifications of the topic.'],
  }),
}
