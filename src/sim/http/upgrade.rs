//! A connection that became a WebSocket: messages between the client and a session.

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use super::Served;
use super::stream::{Body, never};
use crate::sim::exec::Session;

/// Agrees to the upgrade, and serves the session once the connection is free for it.
pub(super) fn agree(
    served: Served,
    epoch: u64,
    headers: &HeaderMap,
    upgrade: OnUpgrade,
    session: Session,
) -> http::Response<Body> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let accept = derive_accept_key(key.map(HeaderValue::as_bytes).unwrap_or_default());
    let protocol = session.protocol();
    tokio::spawn(async move {
        // A client that goes away meanwhile is no error of ours.
        if let Ok(upgraded) = upgrade.await {
            serve(served, epoch, TokioIo::new(upgraded), session).await;
        }
    });
    let mut out = http::Response::new(Full::default().map_err(never).boxed_unsync());
    *out.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = out.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(protocol),
    );
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    out
}

/// Until the session ends, the client leaves, or the server goes down.
async fn serve<S>(served: Served, epoch: u64, io: S, mut session: Session)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    loop {
        // Before asking, so that no change is missed in between.
        let changed = served.shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        {
            let mut host = served.host();
            if host.outage() || host.watch_epoch() != epoch {
                return;
            }
            host.session_next(&mut session);
        }
        while let Some(message) = session.take() {
            if socket.send(Message::Binary(message)).await.is_err() {
                return;
            }
        }
        if session.ended() || served.shared.stop.is_cancelled() {
            // Whether it is heard does not matter any more.
            let _ = socket.close(None).await;
            while let Some(Ok(_)) = socket.next().await {}
            return;
        }
        tokio::select! {
            () = changed => {}
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => session.receive(bytes),
                Some(Ok(Message::Text(text))) => session.receive(Bytes::copy_from_slice(text.as_bytes())),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
