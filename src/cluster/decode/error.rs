//! What can be wrong with bytes.

use super::proto::Fault;

/// How bytes of an API server are to be read; its reply's content type says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// `application/json`.
    Json,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

/// Bytes that are not what they should be.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum DecodeError {
    /// No such JSON.
    Json(#[from] serde_json::Error),
    /// No such protobuf.
    Protobuf(#[from] Fault),
}
