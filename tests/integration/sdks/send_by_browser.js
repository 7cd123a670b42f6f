// Sends one customer's day by Segment's own SDK for browsers, which the page has loaded before.
async ({ host, name, delivery }) => {
  const settings = { apiHost: host, protocol: "http", deliveryStrategy: delivery };
  const [analytics] = await AnalyticsNext.AnalyticsBrowser.load(
    { writeKey: name, cdnSettings: { integrations: { "Segment.io": { apiKey: name } } } },
    { integrations: { "Segment.io": settings } },
  );
  const sent = [analytics.track("Product Viewed", { product_id: "p" })];
  sent.push(analytics.identify(`u-${name}`, { email: `${name}@shop.example`, firstName: "Ana" }));
  sent.push(analytics.page("Home"), analytics.screen("Home"), analytics.group("g"));
  sent.push(analytics.alias(`u-${name}`, `old-${name}`));
  for (let number = 0; number < 50; number++) {
    sent.push(analytics.track("Product Viewed", { product_id: `p-${number}` }));
  }
  await Promise.all(sent);
  return analytics.user().anonymousId();
}
