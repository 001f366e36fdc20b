//! Kubernetes' protobuf form of objects, from their JSON: by a table of messages, fields and tags.

mod encode;
mod schema;

pub(crate) use encode::{
    envelope, envelope_head, event, field, field_head, field_size, message, metadata, of,
};

/// How an envelope ends: no content encoding, no content type.
pub(crate) const TAIL: &[u8] = &[0x1a, 0, 0x22, 0];

#[cfg(test)]
mod tests;
