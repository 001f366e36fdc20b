//! What may be there, what one of two is, what is behind a pointer, and lists.

use std::sync::Arc;

use serde_json::Value;

#[cfg(test)]
use super::tests::Dice;
use super::{Wire, Wrong};

impl<T: Wire> Wire for Option<T> {
    /// What is there is in a list of one where it could pass for nothing.
    fn put(&self) -> Value {
        match self {
            None => Value::Null,
            Some(inner) => match inner.put() {
                value @ (Value::Null | Value::Array(_)) => vec![value].into(),
                value => value,
            },
        }
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        match value {
            Value::Null => Ok(None),
            Value::Array(one) => match one.as_slice() {
                [inner] => T::take(inner).map(Some),
                _ => Err(Wrong::new("is no list of one")),
            },
            value => T::take(value).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        (dice.below(2) == 0).then(|| T::any(dice))
    }
}

/// A list of one, and for a failure a list of two: nothing and the failure.
impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn put(&self) -> Value {
        match self {
            Ok(value) => vec![value.put()].into(),
            Err(error) => vec![Value::Null, error.put()].into(),
        }
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        match value.as_array().map(Vec::as_slice) {
            Some([value]) => T::take(value).map(Ok),
            Some([_, error]) => E::take(error).map(Err),
            _ => Err(Wrong::new("is neither well nor a failure")),
        }
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        if dice.below(2) == 0 {
            Ok(T::any(dice))
        } else {
            Err(E::any(dice))
        }
    }
}

macro_rules! pointers {
    ($($pointer:ident),*) => {$(
        impl<T: Wire> Wire for $pointer<T> {
            fn put(&self) -> Value {
                (**self).put()
            }

            fn take(value: &Value) -> Result<Self, Wrong> {
                T::take(value).map(Self::new)
            }

            fn absent() -> Option<Self> {
                T::absent().map(Self::new)
            }

            fn is_absent(&self) -> bool {
                (**self).is_absent()
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                Self::new(T::any(dice))
            }
        }
    )*};
}

pointers!(Arc, Box);

macro_rules! lists {
    ($($list:ty),*) => {$(
        impl<T: Wire> Wire for $list {
            fn put(&self) -> Value {
                self.iter().map(Wire::put).collect()
            }

            fn take(value: &Value) -> Result<Self, Wrong> {
                let all = value.as_array().ok_or_else(|| Wrong::new("is no list"))?;
                all.iter()
                    .enumerate()
                    .map(|(at, one)| T::take(one).map_err(|e| e.inside(&at.to_string())))
                    .collect()
            }

            fn absent() -> Option<Self> {
                Some(Self::from_iter([]))
            }

            fn is_absent(&self) -> bool {
                self.is_empty()
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                (0..dice.below(3)).map(|_| T::any(dice)).collect()
            }
        }
    )*};
}

lists!(Vec<T>, Box<[T]>);

macro_rules! tuples {
    ($(($($part:ident),*)),*) => {$(
        impl<$($part: Wire),*> Wire for ($($part,)*) {
            #[expect(non_snake_case, reason = "a type's name stands for its value")]
            fn put(&self) -> Value {
                let ($($part,)*) = self;
                vec![$($part.put()),*].into()
            }

            fn take(value: &Value) -> Result<Self, Wrong> {
                let all = value.as_array().ok_or_else(|| Wrong::new("is no list"))?;
                let mut all = all.iter();
                let short = || Wrong::new("is too short a list");
                Ok(($($part::take(all.next().ok_or_else(short)?)?,)*))
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                ($($part::any(dice),)*)
            }
        }
    )*};
}

tuples!((A, B), (A, B, C));
