// SPDX-License-Identifier: Apache-2.0
// A file of jobs imports `MapReduce` alone: the parsers of its parameters, the views of its bytes
// and the names of types come with it.

@_exported public import ArgumentParser
@_exported public import Memory

@_exported public import enum Exchange.TypeCode
