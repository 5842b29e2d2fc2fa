// SPDX-License-Identifier: Apache-2.0
// A file of jobs imports `MapReduce` alone: the parsers of its parameters and the views of its
// bytes come with it.

@_exported public import ArgumentParser
@_exported public import enum Exchange.TypeCode
@_exported public import Memory
