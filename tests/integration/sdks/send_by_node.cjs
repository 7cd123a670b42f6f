// Sends one customer's day by Segment's own SDK for Node. Arguments: the SDK's folder, the server's address, the name.
const [, , sdk, host, name] = process.argv;
const { Analytics } = require(sdk);
const analytics = new Analytics({ writeKey: "node", host, flushAt: 7, flushInterval: 200 });
analytics.on("error", (error) => {
  console.error(error.code, error.reason);
  process.exitCode = 1;
});

const userId = `u-${name}`;
const anonymousId = `a-${name}`;
analytics.track({ anonymousId, event: "Product Viewed", properties: { product_id: "p" } });
analytics.identify({ userId, anonymousId, traits: { email: `${name}@shop.example`, firstName: "Ana" } });
analytics.page({ userId, name: "Home" });
analytics.screen({ userId, name: "Home" });
analytics.group({ userId, groupId: "g" });
analytics.alias({ userId, previousId: `old-${name}` });
for (let number = 0; number < 50; number++) {
  analytics.track({ userId, event: "Product Viewed", properties: { product_id: `p-${number}` } });
}
analytics.closeAndFlush({ timeout: 20000 });
