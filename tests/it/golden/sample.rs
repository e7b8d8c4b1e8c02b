//! Values of any stored type, made up by its own serde form: every variant of every enum comes up, always in the same way.
//!
//! A deserializer that reads nothing: it counts, and answers whatever the type asks for with the next number. A variant that
//! is added later comes up by itself, so nobody can forget to give it a golden file.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, SeqAccess,
    VariantAccess, Visitor,
};

/// All of an enum's variants by name, each with as many samples as the enums inside it need to come up with all of theirs.
pub fn samples<T: DeserializeOwned + PartialEq>() -> Vec<(&'static str, Vec<T>)> {
    let mut source = Source::new(0, 0);
    let _: T = T::deserialize(&mut source).expect("a first variant");
    let names = source.names;
    let variant = |(number, name): (usize, &&'static str)| {
        let (mut values, mut round, mut rounds): (Vec<T>, _, _) = (Vec::new(), 0, 2);
        while round < rounds {
            let mut source = Source::new(number, round);
            let value = T::deserialize(&mut source)
                .unwrap_or_else(|error| panic!("{name}, round {round}: {error}"));
            if !values.contains(&value) {
                values.push(value);
            }
            (round, rounds) = (round + 1, rounds.max(source.inner_variants));
        }
        (*name, values)
    };
    names.iter().enumerate().map(variant).collect()
}

struct Source {
    /// Which variant the outermost enum gets.
    outer: usize,
    round: usize,
    count: u64,
    names: &'static [&'static str],
    /// The most variants that an enum inside has.
    inner_variants: usize,
    enums: usize,
    options: usize,
}

impl Source {
    fn new(outer: usize, round: usize) -> Self {
        Self {
            outer,
            round,
            count: 0,
            names: &[],
            inner_variants: 0,
            enums: 0,
            options: 0,
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// Why a type cannot be made up.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let number = self.next();
            let value: fn(u64) -> $type = $value;
            visitor.$visit(value(number))
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Source {
    type Error = Error;

    numbers! {
        deserialize_bool visit_bool bool, |n| n % 2 == 1;
        deserialize_u8 visit_u8 u8, |n| (n % 7 + 1) as u8;
        deserialize_u16 visit_u16 u16, |n| (n * 30) as u16;
        deserialize_u32 visit_u32 u32, |n| n as u32;
        deserialize_u64 visit_u64 u64, |n| n + 300;
        deserialize_u128 visit_u128 u128, |n| u128::from(n) << 100 | u128::from(n);
        deserialize_i8 visit_i8 i8, |n| (n % 12 + 1) as i8;
        deserialize_i16 visit_i16 i16, |n| 2026 + (n % 5) as i16;
        deserialize_i32 visit_i32 i32, |n| n as i32;
        deserialize_i64 visit_i64 i64, |n| 1_772_438_400_000 + n as i64 * 60_000;
        deserialize_i128 visit_i128 i128, |n| n.into();
        deserialize_f32 visit_f32 f32, |n| n as f32;
        deserialize_f64 visit_f64 f64, |n| n as f64;
        deserialize_string visit_string String, |n| format!("word-{n}");
        deserialize_str visit_string String, |n| format!("word-{n}");
        deserialize_bytes visit_byte_buf Vec<u8>, |n| vec![n as u8; 5];
        deserialize_byte_buf visit_byte_buf Vec<u8>, |n| vec![n as u8; 5];
        deserialize_char visit_char char, |n| (b'a' + (n % 26) as u8).into();
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error("stored types say what they are".to_owned()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.options += 1;
        match (self.options + self.round) % 2 {
            1 => visitor.visit_some(self),
            _ => visitor.visit_none(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = 1 + self.round % 2;
        visitor.visit_seq(Elements { source: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Elements { source: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Elements { source: self, left })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = 1 + self.round % 2;
        visitor.visit_map(Elements { source: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let left = fields.len();
        visitor.visit_seq(Elements { source: self, left })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let number = match self.enums {
            0 => {
                self.names = names;
                self.outer
            }
            place => {
                self.inner_variants = self.inner_variants.max(names.len());
                (self.round + place - 1) % names.len()
            }
        };
        self.enums += 1;
        visitor.visit_enum(Variant {
            source: self,
            number: number as u32,
        })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        StrDeserializer::<Error>::new("identifier").deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

struct Elements<'a> {
    source: &'a mut Source,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.source).map(Some)
    }
}

impl<'de> de::MapAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_key_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut *self.source)
    }
}

struct Variant<'a> {
    source: &'a mut Source,
    number: u32,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let number = IntoDeserializer::<Error>::into_deserializer(self.number);
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.source)
    }

    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Error> {
        let source = self.source;
        visitor.visit_seq(Elements { source, left })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let source = self.source;
        let left = fields.len();
        visitor.visit_seq(Elements { source, left })
    }
}
