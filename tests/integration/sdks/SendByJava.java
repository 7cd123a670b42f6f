// Sends one customer's day by Segment's own SDK for Java. Arguments: the server's address, the name.

import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class SendByJava {
  private static final int MESSAGES = 56;

  public static void main(String[] arguments) throws InterruptedException {
    String name = arguments[1];
    String user = "u-" + name;
    String anonymous = "a-" + name;
    CountDownLatch answered = new CountDownLatch(MESSAGES);
    AtomicInteger failed = new AtomicInteger();
    Callback callback = new Callback() {
      @Override
      public void success(Message message) {
        answered.countDown();
      }

      @Override
      public void failure(Message message, Throwable error) {
        System.err.println(error);
        failed.incrementAndGet();
        answered.countDown();
      }
    };
    Analytics sdk = Analytics.builder(name).endpoint(arguments[0]).callback(callback).flushQueueSize(20).build();
    sdk.enqueue(TrackMessage.builder("Product Viewed").anonymousId(anonymous).properties(Map.of("product_id", "p")));
    sdk.enqueue(IdentifyMessage.builder().userId(user).anonymousId(anonymous)
        .traits(Map.of("email", name + "@shop.example", "firstName", "Ana")));
    sdk.enqueue(PageMessage.builder("Home").userId(user));
    sdk.enqueue(ScreenMessage.builder("Home").userId(user));
    sdk.enqueue(GroupMessage.builder("g").userId(user));
    sdk.enqueue(AliasMessage.builder("old-" + name).userId(user));
    for (int number = 0; number < MESSAGES - 6; number++) {
      sdk.enqueue(
          TrackMessage.builder("Product Viewed").userId(user).properties(Map.of("product_id", "p-" + number)));
    }
    sdk.flush();
    boolean all = answered.await(30, TimeUnit.SECONDS);
    sdk.shutdown();
    System.exit(all && failed.get() == 0 ? 0 : 1);
  }
}
