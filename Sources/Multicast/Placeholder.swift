// SPDX-License-Identifier: Apache-2.0
let placeholderMulticast = 0
