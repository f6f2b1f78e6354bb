// A strategy in Node: listens for candles, buys once with a stop-loss and a take-profit attached,
// reports what happens, and ends when the position is closed again.
//
//   cd examples/node && npm install && npm start
//
// GATEWAY_URL, GATEWAY_API_KEY and SYMBOL come from the environment.

import WebSocket from "ws";

const base = process.env.GATEWAY_URL ?? "http://127.0.0.1:8080";
const symbol = process.env.SYMBOL ?? "AAPL";
const headers = process.env.GATEWAY_API_KEY
  ? { Authorization: `Bearer ${process.env.GATEWAY_API_KEY}` }
  : {};

async function call(method, path, body) {
  const response = await fetch(base + path, {
    method,
    headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer;
}

// Money travels as text and is never a float; here a stop distance in cents is all we compute.
function cents(price, by) {
  return ((Math.round(Number(price) * 100) + by) / 100).toFixed(2);
}

let bought = false;

async function onEvent(event) {
  switch (event.type) {
    case "candle":
      if (bought || event.bar.symbol !== symbol) return;
      bought = true;
      const handle = await call("POST", "/v1/orders", {
        symbol,
        side: "buy",
        quantity: "1",
        order_type: "market",
        stop_loss: cents(event.bar.close, -20),
        take_profit: cents(event.bar.close, 20),
        client_order_id: `node-${Date.now()}`,
      });
      console.log(`sent ${handle.id}: ${handle.status}`);
      return;
    case "order":
      console.log(`${event.event} ${event.order.id} ${event.order.order_type}`);
      return;
    case "position":
      console.log(`${event.event} ${event.position.quantity} ${event.position.symbol}`);
      if (event.event === "POSITION_CLOSED" && event.position.symbol === symbol) socket.close();
      return;
    case "error":
      console.error(`ALERT ${event.code}: ${event.message}`);
  }
}

const socket = new WebSocket(base.replace(/^http/, "ws") + "/v1/ws", { headers });
socket.on("open", async () => {
  const account = await call("GET", "/v1/account");
  console.log(`connected; equity ${account.equity} ${account.currency}`);
});
socket.on("message", (data) => {
  onEvent(JSON.parse(data)).catch((error) => console.error(error.message));
});
socket.on("close", (code) => console.log(`closed (${code})`));
socket.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
