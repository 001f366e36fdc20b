//! Tags, wire types and lengths.

/// What is wrong with bytes that should be protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A length or a value goes beyond the end.
    #[error("protobuf is cut off, or a length in it is wrong")]
    Short,
    /// A varint of more than ten bytes.
    #[error("protobuf has a number of more than 64 bits")]
    Varint,
    /// Field 0, or one beyond the largest.
    #[error("protobuf has an impossible field number")]
    Field,
    /// A group, or a wire type of the future: it cannot be skipped.
    #[error("protobuf has a field of unknown wire type {0}")]
    WireType(u8),
    /// It does not begin with `k8s\0`.
    #[error("this is no Kubernetes protobuf")]
    Foreign,
    /// The content is encoded once more, or is no protobuf.
    #[error("protobuf wraps a content that this version cannot read")]
    Encoding,
}
